// Sliders, fields and menus; what they say stands in the address, so that a link restores it.

function setName(name, text) {
  const isFirst = slidersOf(name).every((slider) => slider.value === String(text));
  if (isFirst) state.names.delete(name);
  else state.names.set(name, String(text));
  changed();
}

function setMenu(index, menu, value) {
  if (value === menu.values[0]) state.menus[index].delete(menu.name);
  else state.menus[index].set(menu.name, value);
}

function setVariant(index, name) {
  const network = networks[index];
  const variant = network.variants.find((other) => other.name === name);
  if (!variant) return;
  network.menus.forEach((menu, place) => setMenu(index, menu, variant.menus[place]));
  for (const [slider, value] of variant.names) setName(slider, value);
  changed();
}

// The variant of the file that the menus and sliders say, if there is one
function variantOf(index) {
  const network = networks[index];
  const holds = ([name, value]) => !slidersOf(name).length || valueOf(network.sliders.find((slider) => slider.name === name) ?? slidersOf(name)[0]) === value;
  return network.variants.find(
    (variant) => network.menus.every((menu, place) => menuValue(index, menu) === variant.menus[place]) && variant.names.every(holds),
  );
}

let waiting = false;
let writing;
function changed() {
  clearTimeout(writing);
  writing = setTimeout(writeState, 200); // browsers throttle who writes the address at every move
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    syncControls();
    redraw();
  });
}

function syncControls() {
  for (const input of all("[data-name]")) {
    const [slider, ...others] = slidersOf(input.dataset.name);
    const isShared = state.names.has(slider.name) || others.every((other) => other.value === slider.value);
    if (document.activeElement === input && input.type === "text") continue;
    if (input.type === "text") input.value = isShared ? valueOf(slider) : "";
    else {
      const number = readNumber(valueOf(slider), true);
      if (number) input.value = String(Number(number.numerator) / Number(number.denominator));
      input.setAttribute("aria-valuetext", valueOf(slider));
    }
  }
  for (const select of all("[data-menu]")) {
    const index = Number(select.closest("[data-network]").dataset.network);
    select.value = menuValue(index, menuOf(index, select.dataset.menu));
  }
  for (const select of all("[data-variants]")) {
    select.value = variantOf(Number(select.closest("[data-network]").dataset.network))?.name ?? "";
  }
  find("#dtype").value = state.dtype;
}

// A let may be called dtype too: names begin with a dot where they would be mistaken.
const keyOf = (name) => (name === "dtype" || name.startsWith(".") || /^\d+\./.test(name) ? `.${name}` : name);

function writeState() {
  clearTimeout(writing);
  const parts = new URLSearchParams();
  for (const [name, value] of state.names) parts.append(keyOf(name), value);
  if (state.dtype !== archcalcData.dtype) parts.append("dtype", state.dtype);
  state.menus.forEach((menus, index) => {
    for (const [name, value] of menus) parts.append(`${index}.${name}`, value);
  });
  const fragment = parts.toString();
  if (fragment !== location.hash.slice(1)) history.replaceState(null, "", `#${fragment}`);
}

function readState() {
  state.names = new Map();
  state.menus = networks.map(() => new Map());
  state.dtype = archcalcData.dtype;
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    const [, index, menu] = /^(\d+)\.(.*)$/.exec(key) ?? [];
    const name = key.replace(/^\./, "");
    if (menu !== undefined) {
      const found = networks[index] && menuOf(index, menu);
      if (found?.values.includes(value)) setMenu(index, found, value);
    } else if (key === "dtype") {
      if (DTYPES.has(value)) state.dtype = value;
    } else if (slidersOf(name).length) state.names.set(name, value);
  }
}

const menuOf = (index, name) => networks[index].menus.find((menu) => menu.name === name);
