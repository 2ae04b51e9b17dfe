// The table of layers: filter, formulas, copies; the number under the pointer.

function setUpTable(section) {
  const table = find("table.layers", section);
  const filter = find(".filter", section);
  table.addEventListener("click", fillStale, true); // before rows are sorted or unfolded
  table.addEventListener("click", showFormulas);
  filter.addEventListener("input", () => {
    fillStale();
    const wanted = filter.value.trim().toLowerCase();
    for (const row of table.tBodies[0].rows) {
      const words = `${pathOf(row)} ${row.cells[1].textContent}`.toLowerCase();
      row.classList.toggle("left-out", wanted !== "" && !words.includes(wanted));
    }
    section.classList.toggle("filtering", wanted !== "");
    showFormulas();
  });
  for (const button of all("[data-copy]", section)) {
    button.addEventListener("click", () => copy(COPIES[button.dataset.copy](cellsOf(table))));
  }
  find(".with-formulas", section).addEventListener("change", showFormulas);
  for (const button of all("[data-fold]", section)) {
    button.addEventListener("click", () => {
      fillStale();
      const root = table.closest(".archcalc");
      for (const header of all("[aria-sort]", root)) header.removeAttribute("aria-sort");
      root.dispatchEvent(new CustomEvent("archcalc-fold", { detail: button.dataset.fold === "all" }));
      showFormulas();
    });
  }
  table.addEventListener("keydown", walk);
  for (const cell of all("td:nth-child(4)", table)) cell.tabIndex = 0; // the others by arrow keys
}

// From cell to cell by the arrow keys
function walk(event) {
  const cell = event.target.closest("td");
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  if (!cell || !Object.hasOwn(steps, event.key)) return;
  const [down, right] = steps[event.key];
  let row = cell.parentElement;
  if (down) do row = down > 0 ? row.nextElementSibling : row.previousElementSibling; while (row && !row.offsetParent);
  const next = row?.cells[cell.cellIndex + right];
  if (!next) return;
  event.preventDefault();
  next.tabIndex = -1;
  next.focus();
}

// The layer and the number under the pointer, or with the focus
function point(event) {
  const place = event.target.closest("[data-layers]");
  const network = event.target.closest(".network");
  if (place && network) pointAt(Number(network.dataset.network), Number(place.dataset.layers.split(" ").at(-1)));
  const number = event.target.closest("td, [data-shape], [data-cell], [data-number], [data-total], [data-share], [data-crossing], [data-moved]");
  if (number) tell(number.matches("td") && !views.has(number) ? find("[data-total]", number) ?? number : number);
}

// The path of a row: of a layer, or of the level that it stands for
function pathOf(row) {
  return row.cells[0].textContent.trim();
}

function tell(element) {
  const view = views.get(element);
  if (!view) return;
  const found = shown(view);
  const row = element.closest("tr[data-layers]");
  find("#formula").textContent = found.text ? `${row ? `${pathOf(row)}: ` : ""}${found.text()} = ${view.last}` : "";
}

// Beneath each number of the rows that are seen its formula, if that is asked for
function showFormulas() {
  if (!find(".with-formulas:checked") && !find("table.formulas")) return;
  const asked = new Map(all("table.layers").map((table) => [table, find(".with-formulas", table.closest(".structure")).checked]));
  for (const [table, isAsked] of asked) table.classList.toggle("formulas", isAsked);
  for (const view of views.values()) {
    if (!view.row) continue;
    const isSeen = asked.get(view.row.closest("table")) && (!view.row.hidden || view.row.closest(".filtering"));
    const text = isSeen ? shown(view).text?.().replace(/^[^=]*= /, "") : undefined;
    if (text === view.formula) continue;
    view.formula = text;
    let place = find(".formula", view.element);
    if (!place) {
      place = document.createElement("span");
      place.className = "formula";
      view.element.append(place);
    }
    place.textContent = text ?? "";
  }
}

const numberOf = (cell) => (cell.dataset.value || cell.firstChild?.textContent || "").trim();

function cellsOf(table) {
  const rows = [...table.tBodies[0].rows].filter((row) => row.offsetParent);
  const head = [...table.tHead.rows[0].cells].map((cell) => cell.innerText.trim());
  return [head, ...rows.map((row) => [...row.cells].map((cell, place) => (place === 0 ? pathOf(row) : numberOf(cell))))];
}

const escaped = (text) => text.replace(/[\\{}$&#^_%~]/g, (letter) => ({ "\\": "\\textbackslash{}", "^": "\\^{}", "~": "\\~{}" })[letter] ?? `\\${letter}`);
const COPIES = {
  markdown: ([head, ...rows]) => [head, head.map((_, place) => (place > 2 ? "---:" : "---")), ...rows].map((row) => `| ${row.map((text) => text.replace(/\|/g, "\\|")).join(" | ")} |`).join("\n"),
  csv: (rows) => rows.map((row) => row.map((text) => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text)).join(",")).join("\n"),
  latex: ([head, ...rows]) =>
    [
      `\\begin{tabular}{${head.map((_, place) => (place > 2 ? "r" : "l")).join("")}}`,
      "\\hline",
      ...[head, ...rows].map((row, place) => `${row.map(escaped).join(" & ")} \\\\${place === 0 ? " \\hline" : ""}`),
      "\\hline",
      "\\end{tabular}",
    ].join("\n"),
};

function copy(text) {
  const dialog = find("#copied");
  find("textarea", dialog).value = text;
  dialog.showModal();
  find("textarea", dialog).select();
  navigator.clipboard?.writeText(text).then(
    () => (find("p", dialog).textContent = "Copied."),
    () => (find("p", dialog).textContent = "Copy this text:"),
  );
}
