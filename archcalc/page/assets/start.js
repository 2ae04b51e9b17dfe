// Controls and pointers are listened to, and the page is drawn for the first time.

for (const input of all("[data-name]")) {
  input.addEventListener("input", () => {
    const [slider] = slidersOf(input.dataset.name);
    const text = input.type === "range" ? String(Number(input.value)) : input.value.trim();
    if (text === "") {
      state.names.delete(slider.name);
      changed();
    } else setName(slider.name, text);
  });
}
for (const select of all("[data-menu]")) {
  const index = Number(select.closest("[data-network]").dataset.network);
  select.addEventListener("change", () => {
    setMenu(index, menuOf(index, select.dataset.menu), select.value);
    changed();
  });
}
for (const select of all("[data-variants]")) {
  select.addEventListener("change", () => setVariant(Number(select.closest("[data-network]").dataset.network), select.value));
}
find("#dtype").addEventListener("change", (event) => {
  state.dtype = event.target.value;
  changed();
});
find("#reset").addEventListener("click", () => {
  history.replaceState(null, "", location.pathname + location.search);
  readState();
  changed();
});
find("#link").addEventListener("click", () => {
  writeState();
  copy(location.href);
});
addEventListener("hashchange", () => {
  readState();
  syncControls();
  redraw();
});
addEventListener("pagehide", writeState);
find("main").addEventListener("pointerover", point);
find("main").addEventListener("focusin", point);
readState();
syncControls();
redraw();
document.documentElement.dataset.ready = "";
