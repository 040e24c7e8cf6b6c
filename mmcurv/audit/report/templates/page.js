'use strict';
(() => {
  // All rows are in the page; this hides, sorts and marks them.
  const table = document.getElementById('classes-table');
  const data = JSON.parse(document.getElementById('data').textContent);
  const PAGE = 25;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const find = (id) => document.getElementById(id);
  const search = find('search');
  const only = [...document.querySelectorAll('.only')];
  const state = { column: -1, down: false, from: 0, all: false };
  const names = data.names.map((name) => name.toLowerCase());
  let order = rows.map((_, i) => i);

  function draw() {
    const to = state.all ? order.length : state.from + PAGE;
    const shown = new Set(order.slice(state.all ? 0 : state.from, to));
    rows.forEach((row, i) => row.classList.toggle('away', !shown.has(i)));
    const total = order.length;
    const last = Math.min(to, total);
    const number = (value) => value.toLocaleString('en');
    find('place').textContent = total
      ? `${number(state.all ? 1 : state.from + 1)} to ${number(last)} of ` +
        `${number(total)}` : 'no such class';
    find('back').disabled = state.all || state.from === 0;
    find('on').disabled = last >= total;
    heads.forEach((head, j) => {
      if (j !== state.column) head.removeAttribute('aria-sort');
      else head.setAttribute(
        'aria-sort', state.down ? 'descending' : 'ascending');
    });
  }

  const letters = new Intl.Collator('en', { numeric: true });

  function compare(a, b) {
    const x = data.sort[state.column][a];
    const y = data.sort[state.column][b];
    if (x === null || y === null) {
      return (x === null) - (y === null) || a - b;  // unknown always last
    }
    const by = typeof x === 'string' ? letters.compare(x, y) : x - y;
    return (state.down ? -by : by) || a - b;
  }

  function sort(column) {
    state.down = state.column === column && !state.down;
    state.column = column;
    const sorted = rows.map((_, i) => i).sort(compare);
    body.append(...sorted.map((i) => rows[i]));
    select();
  }

  function select() {
    const wanted = search.value.trim().toLowerCase();
    const marks = only.filter((box) => box.checked).map((box) => box.value);
    order = rows.map((_, i) => i).filter((i) => names[i].includes(wanted) &&
      (!marks.length || marks.includes(data.marked[i])));
    if (state.column >= 0) order.sort(compare);
    state.from = 0;
    draw();
  }

  heads.forEach((head, j) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => sort(j));
  });
  search.addEventListener('input', select);
  only.forEach((box) => box.addEventListener('change', select));
  const move = (step) => {
    state.from = Math.max(0, state.from + step);
    draw();
  };
  find('back').addEventListener('click', () => move(-PAGE));
  find('on').addEventListener('click', () => move(PAGE));
  find('all').addEventListener('click', () => {
    state.all = !state.all;
    state.from = 0;
    find('all').setAttribute('aria-pressed', state.all);
    draw();
  });

  const space = 'http://www.w3.org/2000/svg';
  const tip = find('tip');
  const panels = [...document.querySelectorAll('.panel svg')].map(
    (svg, p) => {
      const scale = data.panels.scales[p];
      const heights = data.panels.heights[scale.heights];
      const dots = scale.values.map((value, i) => {
        if (value === null || heights[i] === null) return null;
        if (scale.log && value <= 0) return null;
        const x = scale.log ? Math.log10(value) : value;
        return [scale.x0 + scale.xs * x, scale.y0 + scale.ys * heights[i]];
      });
      const mark = document.createElementNS(space, 'circle');
      mark.setAttribute('class', 'mark');
      mark.setAttribute('r', 4.5);
      mark.setAttribute('visibility', 'hidden');
      svg.append(mark);
      return { svg, scale, dots, mark };
    });
  let held = null;

  function hold(i) {
    for (const { dots, mark } of panels) {
      const dot = i === null ? null : dots[i];
      mark.setAttribute('visibility', dot ? 'visible' : 'hidden');
      if (!dot) continue;
      mark.setAttribute('cx', dot[0]);
      mark.setAttribute('cy', dot[1]);
    }
    if (held !== null) rows[held].classList.remove('held');
    if (i !== null) rows[i].classList.add('held');
    held = i;
  }

  function nearest(dots, x, y) {
    let best = null;
    let least = 14 * 14;  // farther than this the pointer means no dot
    dots.forEach((dot, i) => {
      if (!dot) return;
      const far = (dot[0] - x) ** 2 + (dot[1] - y) ** 2;
      if (far < least) [best, least] = [i, far];
    });
    return best;
  }

  for (const { svg, scale, dots } of panels) {
    const show = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      const i = nearest(dots, at.x, at.y);
      hold(i);
      tip.style.display = i === null ? 'none' : 'block';
      if (i === null) return;
      tip.textContent = `${data.names[i]}\n${data.panels.tips[i]}\n` +
        `${scale.label} ${scale.values[i]}`;
      const right = event.clientX > innerWidth - 280;
      tip.style.left = right ? '' : `${event.clientX + 14}px`;
      tip.style.right = right ? `${innerWidth - event.clientX + 14}px` : '';
      tip.style.top = `${event.clientY + 12}px`;
    };
    svg.addEventListener('pointermove', show);
    svg.addEventListener('pointerdown', show);
    svg.addEventListener('pointerleave', (event) => {
      if (event.pointerType === 'touch') return;  // the finger is lifted
      hold(null);
      tip.style.display = 'none';
    });
  }
  document.addEventListener('scroll', () => { tip.style.display = 'none'; });
  const place = new Map(rows.map((row, i) => [row, i]));
  body.addEventListener('mouseover', (event) => {
    const row = event.target.closest('tr');
    hold(row ? place.get(row) : null);
  });
  body.addEventListener('mouseleave', () => hold(null));

  document.querySelector('.controls').hidden = false;
  draw();
})();
