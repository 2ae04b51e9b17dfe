// Tables that fold and sort. Without this script every row stands there, in order.
function archcalcTables(place) {
  for (const root of place.querySelectorAll(".archcalc:not([data-ready])")) {
    root.dataset.ready = "";
    const body = root.querySelector("tbody");
    const rows = [...body.rows];
    const folded = new Set();

    // the level that a row stands in: the nearest row above that is less deep
    const parents = new Map();
    const open = [];
    for (const row of rows) {
      while (open.length && Number(open.at(-1).dataset.depth) >= Number(row.dataset.depth)) open.pop();
      parents.set(row, open.at(-1));
      if (row.classList.contains("level")) open.push(row);
    }

    const isHidden = (row) => {
      for (let level = parents.get(row); level; level = parents.get(level)) if (folded.has(level)) return true;
      return false;
    };
    const inOrder = () => {
      for (const row of rows) row.hidden = isHidden(row);
      if (!root.classList.contains("sorted")) return;
      root.classList.remove("sorted");
      body.append(...rows);
    };
    const fold = (row, isFolded) => {
      folded[isFolded ? "add" : "delete"](row);
      row.querySelector(".fold").setAttribute("aria-expanded", String(!isFolded));
    };

    for (const row of rows) {
      const cell = row.classList.contains("level") && row.cells[0];
      if (!cell) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "fold";
      button.append(...cell.childNodes);
      cell.append(button);
      fold(row, rows.length > 40);
      button.addEventListener("click", () => {
        fold(row, !folded.has(row));
        inOrder();
      });
    }

    root.addEventListener("archcalc-fold", (event) => {
      for (const row of rows) if (row.classList.contains("level")) fold(row, event.detail);
      inOrder();
    });

    // numbers before formulas; a formula has no place among numbers
    const value = (row, column) => {
      const text = row.cells[column].dataset.value ?? row.cells[column].textContent;
      return /^-?\d+$/.test(text) ? BigInt(text) : text;
    };
    const compare = (a, b) => {
      if (typeof a !== typeof b) return typeof a === "bigint" ? -1 : 1;
      return a < b ? -1 : a > b ? 1 : 0;
    };
    const headers = [...root.querySelectorAll("thead th")];
    const sort = () => {
      const column = headers.findIndex((header) => header.hasAttribute("aria-sort"));
      if (column < 0) {
        inOrder();
        return;
      }
      root.classList.add("sorted");
      const sign = headers[column].getAttribute("aria-sort") === "ascending" ? 1 : -1;
      const layers = rows.filter((row) => !row.classList.contains("level"));
      layers.sort((a, b) => sign * compare(value(a, column), value(b, column)));
      for (const row of rows) row.hidden = row.classList.contains("level");
      body.append(...layers);
    };
    for (const header of headers) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      const first = header.classList.contains("number") ? "descending" : "ascending";
      const second = first === "descending" ? "ascending" : "descending";
      button.addEventListener("click", () => {
        const next = { [first]: second, [second]: null }[header.getAttribute("aria-sort")];
        for (const other of headers) other.removeAttribute("aria-sort");
        if (next !== null) header.setAttribute("aria-sort", next ?? first);
        sort();
      });
    }
    root.addEventListener("archcalc-sort", sort); // numbers have changed
    inOrder();
  }
}
