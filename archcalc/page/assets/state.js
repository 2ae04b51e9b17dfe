// What the page is of, and what is chosen. The scripts of this folder are joined into one, in the order of SCRIPTS.

const networks = archcalcData.networks;
const DTYPES = new Map(Object.entries(archcalcData.dtypes));
// what differs from how the page begins; maps, for a let may be called like a property of every object
const state = { names: new Map(), menus: networks.map(() => new Map()), dtype: archcalcData.dtype };
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const COLUMNS = archcalcData.columns; // of every layer
const SHOWN = archcalcData.shown; // those that the table shows
const ADDED = archcalcData.added; // the totals that are sums over layers


const slidersOf = (name) => networks.flatMap((network) => network.sliders).filter((slider) => slider.name === name);
const valueOf = (slider) => state.names.get(slider.name) ?? slider.value;
const menuValue = (index, menu) => state.menus[index].get(menu.name) ?? menu.values[0];

function structureOf(network, index) {
  const row = network.menus.map((menu) => menuValue(index, menu));
  return network.structures.find((structure) => structure.values.every((value, place) => value === row[place]));
}

function bitsOfDtype() {
  return BigInt(DTYPES.get(state.dtype));
}
