// The trade table: sorted by a column, walked with the arrow keys, opened with Enter or a click.

const list = document.getElementById("trade-list");
const body = list ? list.querySelector("tbody") : null;
let current = null;

function rowOf(number) {
  return body ? body.querySelector(`tr[data-n="${number}"]`) : null;
}

function setCurrent(row) {
  if (current) {
    current.removeAttribute("aria-current");
    current.tabIndex = -1;
  }
  current = row;
  if (!row) return;
  row.setAttribute("aria-current", "true");
  row.tabIndex = 0;
  const head = list.querySelector("thead").offsetHeight;
  const above = row.offsetTop - head - list.scrollTop;
  const below = row.offsetTop + row.offsetHeight - list.scrollTop - list.clientHeight;
  if (above < 0) list.scrollTop += above;
  else if (below > 0) list.scrollTop += below;
}

function sortValue(cell) {
  const stored = cell.dataset.v;
  if (stored === undefined) {
    const text = cell.textContent;
    return cell.cellIndex === 0 ? Number(text) : text;
  }
  return stored === "null" ? null : Number(stored);
}

function sortBy(header) {
  const column = header.cellIndex;
  const down = header.getAttribute("aria-sort") === "ascending";
  const rows = Array.from(body.rows, (row) => [sortValue(row.cells[column]), row]);
  const order = down ? -1 : 1;
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return a < b ? -order : a > b ? order : 0;
  });
  for (const other of list.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...rows.map(([, row]) => row));
}

// Rows of one side, or closed by one thing; the marks on the chart stay.
function filterRows() {
  const side = document.getElementById("only-side").value;
  const exit = document.getElementById("only-exit").value;
  for (const row of body.rows) {
    row.hidden = (side !== "" && row.cells[1].textContent.trim() !== side)
      || (exit !== "" && row.cells[row.cells.length - 1].textContent.trim() !== exit);
  }
}

function tableKey(event) {
  const row = event.target.closest("tbody tr");
  if (!row) return;
  const moves = {
    ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling,
    Home: body.firstElementChild, End: body.lastElementChild,
  };
  if (event.key in moves) {
    event.preventDefault();
    const next = moves[event.key];
    if (!next) return;
    row.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    choose(Number(row.dataset.n), true);
  }
}

if (list) {
  for (const row of body.rows) row.tabIndex = -1;
  body.rows[0].tabIndex = 0;
  list.querySelector("thead").addEventListener("click", (event) => {
    const header = event.target.closest("th");
    if (header) sortBy(header);
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) choose(Number(row.dataset.n), true);
  });
  body.addEventListener("keydown", tableKey);
  document.getElementById("only-side").addEventListener("change", filterRows);
  document.getElementById("only-exit").addEventListener("change", filterRows);
}
