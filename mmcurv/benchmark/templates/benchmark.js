'use strict';
// Sorts a table by the column whose heading is clicked, and back.
const number = (text) => {
  const found = text.replace(/,/g, '').replace(/−/g, '-').match(/^<? ?[+-]?[\d.]+(e-?\d+)?/);
  return found ? Number(found[0].replace(/^<? ?/, '')) : NaN;
};
for (const table of document.querySelectorAll('table.sortable')) {
  const body = table.tBodies[0];
  const given = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent) return;
    const button = document.createElement('button');
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const next = { ascending: 'descending', descending: '' }[head.getAttribute('aria-sort')] ?? 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      if (next) head.setAttribute('aria-sort', next);
      const numeric = head.classList.contains('number');
      const key = (row) => row.cells[column].textContent.trim();
      const rows = !next ? given : [...given].sort((a, b) => {
        const sign = next === 'ascending' ? 1 : -1;
        if (!numeric) return sign * key(a).localeCompare(key(b));
        const [x, y] = [number(key(a)), number(key(b))];
        // What is not known stays below, whichever way.
        if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y);
        return sign * (x - y);
      });
      body.append(...rows);
    });
  });
}
