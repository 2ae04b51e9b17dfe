// The receptive field of the layer under the pointer, drawn over the input.

let pointed = { index: 0, layer: null };
function pointAt(index, layer) {
  if (pointed.index === index && pointed.layer === layer) return;
  pointed = { index, layer };
  all(".pointed").forEach((element) => element.classList.remove("pointed"));
  all(`.network[data-network="${index}"] [data-layers$=" ${layer}"]`).forEach((element) => element.classList.add("pointed"));
  showField();
}

function showField() {
  const one = figures[pointed.index];
  const told = find("#field-text");
  const box = find("#field-box");
  if (!one?.isRight || pointed.layer === null) {
    box.hidden = true;
    return;
  }
  const layer = one.model.layers[pointed.layer];
  const axes = one.field(pointed.layer);
  box.hidden = false;
  if (!axes) {
    told.textContent = `${layer.path}: ${one.model.fields.refused || "it sees nothing of the input"}`;
    find("#field-drawing").replaceChildren();
    return;
  }
  const plane = one.places(-1);
  const along = axes.map(([size, jump, before], axis) => {
    const units = one.places(pointed.layer)[axis] ?? 1n;
    const start = before === null || typeof before === "string" ? null : (units / 2n) * (typeof jump === "bigint" ? jump : 0n) - before;
    return { size, jump, start, pixels: plane[axis] };
  });
  const size = along.map((axis) => axis.size).join("x");
  const jump = along.map((axis) => axis.jump ?? "varying").join("x");
  told.textContent = `${layer.path}: a unit sees ${size} of ${plane.join("x")}, ${jump} apart from the next`;
  drawField(along.slice(-2));
}

function drawField(along) {
  const drawing = find("#field-drawing");
  if (along.some((axis) => axis.start === null || axis.size === null)) {
    drawing.replaceChildren();
    return;
  }
  const [rows, columns] = along.length === 2 ? along : [{ pixels: 1n, start: 0n, size: 1n }, along[0]];
  const [height, width] = [Number(rows.pixels), Number(columns.pixels)];
  const make = (kind, x, y, w, h) => {
    const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ class: kind, x, y, width: w, height: h })) part.setAttribute(name, value);
    return part;
  };
  const margin = Math.max(width, height) * 0.25;
  drawing.setAttribute("viewBox", `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`);
  drawing.replaceChildren(
    make("input", 0, 0, width, height),
    make("seen", Number(columns.start), Number(rows.start), Number(columns.size), Number(rows.size)),
  );
}
