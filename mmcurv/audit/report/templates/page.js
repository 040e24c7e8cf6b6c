'use strict';
(() => {
  const table = document.getElementById('classes-table');
  if (!table) return;
  const data = JSON.parse(document.getElementById('data').textContent);
  const PAGE = 25;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const search = document.getElementById('search');
  const state = { column: -1, down: false, from: 0, all: false };
  const names = data.rows.map((row) => row[0].toLowerCase());
  let order = data.rows.map((_, i) => i);

  const letters = new Intl.Collator('en', { numeric: true });

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const share = (value) => `${100 * value}%`;

  function bar([low, value, high]) {
    const box = make('span', 'bar');
    if (low !== null && high !== null) {
      const ends = box.appendChild(make('i', 'ends'));
      ends.style.left = share(low);
      ends.style.width = share(high - low);
    }
    const at = box.appendChild(make('i', 'at'));
    at.style.left = share(value);
    if (data.line !== null) {
      const mean = box.appendChild(make('i', 'mean'));
      mean.style.left = share(data.line);
    }
    return box;
  }

  function cell(text, column, i) {
    const [first, rest] = text.split('\n');
    const element = make('td', column.kind, first);
    if (rest) element.append(' ', make('small', '', rest));
    if (column.kind === 'bar' && data.bars[i][1] !== null) {
      element.append(bar(data.bars[i]));
    }
    if (column.kind === 'text') element.title = text.replace('\n', ', ');
    return element;
  }

  function draw() {
    const to = state.all ? order.length : state.from + PAGE;
    const shown = order.slice(state.from, to);
    body.replaceChildren(...shown.map((i) => {
      const row = make('tr', data.marked[i] ? 'marked' : '');
      row.dataset.row = i;
      row.append(...data.rows[i].map((text, j) =>
        cell(text, data.columns[j], i)));
      return row;
    }));
    const total = order.length;
    const last = Math.min(to, total);
    document.getElementById('place').textContent = total
      ? `${(state.from + 1).toLocaleString('en')} to ` +
        `${last.toLocaleString('en')} of ${total.toLocaleString('en')}`
      : 'no class has such a name';
    document.getElementById('back').disabled = state.from === 0;
    document.getElementById('on').disabled = last >= total;
    heads.forEach((head, j) => {
      if (j !== state.column) head.removeAttribute('aria-sort');
      else head.setAttribute(
        'aria-sort', state.down ? 'descending' : 'ascending');
    });
  }

  function compare(a, b) {
    const x = data.sort[a][state.column];
    const y = data.sort[b][state.column];
    if (x === null || y === null) {
      return (x === null) - (y === null) || a - b;  // unknown always last
    }
    const by = typeof x === 'string' ? letters.compare(x, y) : x - y;
    return (state.down ? -by : by) || a - b;
  }

  function select() {
    const wanted = search.value.trim().toLowerCase();
    order = data.rows.map((_, i) => i).filter((i) =>
      names[i].includes(wanted));
    if (state.column >= 0) order.sort(compare);
    state.from = 0;
    draw();
  }

  heads.forEach((head, j) => {
    const button = make('button', '', head.textContent);
    button.type = 'button';
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      state.down = state.column === j && !state.down;
      state.column = j;
      select();
    });
  });
  search.addEventListener('input', select);
  const move = (step) => {
    state.from = Math.max(0, state.from + step);
    draw();
  };
  document.getElementById('back').addEventListener('click', () => move(-PAGE));
  document.getElementById('on').addEventListener('click', () => move(PAGE));
  const all = document.getElementById('all');
  if (data.rows.length > 1000) all.remove();
  else all.addEventListener('click', () => {
    state.all = !state.all;
    state.from = 0;
    all.textContent = state.all ? 'Show pages' : 'Show all';
    draw();
  });

  const space = 'http://www.w3.org/2000/svg';
  const tip = document.getElementById('tip');
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

  function hold(i) {
    for (const { dots, mark } of panels) {
      const dot = i === null ? null : dots[i];
      mark.setAttribute('visibility', dot ? 'visible' : 'hidden');
      if (!dot) continue;
      mark.setAttribute('cx', dot[0]);
      mark.setAttribute('cy', dot[1]);
    }
    for (const row of body.rows) {
      row.classList.toggle('held', i !== null && +row.dataset.row === i);
    }
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
    svg.addEventListener('mousemove', (event) => {
      const at = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      const i = nearest(dots, at.x, at.y);
      hold(i);
      tip.style.display = i === null ? 'none' : 'block';
      if (i === null) return;
      tip.textContent = `${data.rows[i][0]}\n${data.panels.tips[i]}\n` +
        `${scale.label} ${scale.values[i]}`;
      const right = event.clientX > innerWidth - 280;
      tip.style.left = right ? '' : `${event.clientX + 14}px`;
      tip.style.right = right ? `${innerWidth - event.clientX + 14}px` : '';
      tip.style.top = `${event.clientY + 12}px`;
    });
    svg.addEventListener('mouseleave', () => {
      hold(null);
      tip.style.display = 'none';
    });
  }
  body.addEventListener('mouseover', (event) => {
    const row = event.target.closest('tr');
    hold(row ? +row.dataset.row : null);
  });
  body.addEventListener('mouseleave', () => hold(null));

  table.closest('section').classList.add('live');
  draw();
})();
