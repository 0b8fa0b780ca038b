/* Sorting and filtering of the tables that are already in the page. */
for (const table of $$("table.sortable")) {
  const heads = $$("thead th", table);
  heads.forEach((head, column) => {
    const button = html("button", { type: "button" }, ...head.childNodes);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = $("tbody", table), key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const numeric = head.classList.contains("number"), sign = down ? -1 : 1;
      const number = (row) => (key(row) === "" ? -Infinity : Number(key(row)));
      body.append(...[...body.rows].sort((a, b) => sign * (numeric ? number(a) - number(b) || 0 : key(a).localeCompare(key(b)))));
    });
  });
}

for (const select of $$("select[data-filter]")) {
  const body = $(`#${select.dataset.filter} tbody`);
  const apply = () => { for (const row of body.rows) row.hidden = select.value !== "" && row.dataset.task !== select.value; };
  select.closest("label").hidden = false;
  select.addEventListener("change", apply);
  apply();
}
