'use strict';
const table = document.querySelector('table');
const rows = [...table.tBodies[0].rows];
const heads = [...table.tHead.rows[0].cells];
const named = document.getElementById('name');
const chosen = document.getElementById('chosen');
function filter() {
  const text = named.value.toLowerCase();
  let count = 0;
  for (const row of rows) {
    const wanted = !chosen.value || row.dataset.state === chosen.value ||
      row.dataset.codes.split(' ').includes(chosen.value);
    const name = row.querySelector('[data-name]').textContent;
    row.hidden = !wanted || !name.toLowerCase().includes(text);
    count += !row.hidden;
  }
  document.getElementById('shown').textContent =
    `${count} of ${rows.length} ${table.dataset.rows} shown`;
}
function sort(index) {
  const rising = heads[index].getAttribute('aria-sort') !== 'ascending';
  heads.forEach((head) => head.removeAttribute('aria-sort'));
  heads[index].setAttribute('aria-sort', rising ? 'ascending' : 'descending');
  const key = (row) => row.cells[index].dataset.key;
  rows.sort((one, other) =>
    key(one).localeCompare(key(other), undefined, {numeric: true}));
  if (!rising) rows.reverse();
  table.tBodies[0].append(...rows);
}
heads.forEach((head, index) =>
  head.querySelector('button').addEventListener('click', () => sort(index)));
document.querySelector('form').addEventListener('submit', (event) => event.preventDefault());
named.addEventListener('input', filter);
chosen.addEventListener('change', filter);
filter();
