"use strict";
// One key for each decision. Keys do nothing while somebody types, and a key that is held down decides once.
(() => {
  const form = document.querySelector("form.decide, form.decide-again");
  let isSent = false;
  if (form) {
    const note = form.elements.namedItem("note");
    form.addEventListener("submit", (event) => {
      if (isSent) event.preventDefault();
      isSent = true;
      form.classList.add("sent");
    });
    note?.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || event.key === "Enter") {
        event.preventDefault();
        note.blur();
      }
    });
    window.addEventListener("pageshow", () => {
      isSent = false;
      form.classList.remove("sent");
    });
  }
  document.addEventListener("keydown", (event) => {
    const isTyped = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
    if (isTyped || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !form) return;
    if (event.key === "n" && form.elements.namedItem("note")) {
      event.preventDefault();
      form.elements.namedItem("note").focus();
      return;
    }
    const button = form.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (button && !button.disabled) {
      event.preventDefault();
      form.requestSubmit(button);
    }
  });
})();
