// What only the browser can do: hear keys, hold the link in the address bar, copy it, follow dark mode.
const keys = { " ": "play", ArrowRight: "step", r: "reset", R: "reset", Escape: "close" };

function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable=true], [role=listbox], [role=slider]");
}

function render({ model, el }) {
  let number = 0;
  function tell(what) {
    number += 1;
    model.set("pressed", { number, what });
    model.save_changes();
  }
  function onKey(event) {
    const what = keys[event.key];
    if (!what || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    // A button that has the focus would take the space bar for a click.
    event.preventDefault();
    if (document.activeElement instanceof HTMLButtonElement) document.activeElement.blur();
    tell(what);
  }
  function onLink() {
    const link = model.get("link");
    if (link) window.history.replaceState(window.history.state, "", link);
  }
  function onCopy() {
    const text = new URL(model.get("link"), window.location.href).href;
    navigator.clipboard?.writeText(text).catch(() => {});
  }
  document.addEventListener("keydown", onKey);
  model.on("change:link", onLink);
  model.on("change:copies", onCopy);
  onLink();
  el.style.display = "none";
  return () => {
    document.removeEventListener("keydown", onKey);
    model.off("change:link", onLink);
    model.off("change:copies", onCopy);
  };
}

export default { render };
