"use strict";
// How far work is that takes its time, told while it goes on.
(() => {
  document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });

  for (const box of document.querySelectorAll("details.who")) {
    document.addEventListener("click", (event) => {
      if (box.open && !box.contains(event.target)) box.open = false;
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        box.open = false;
        box.querySelector("summary").focus();
      }
    });
  }

  const waiting = document.querySelector("[data-waiting]");
  const places = new Map([...document.querySelectorAll("[data-job]")].map((each) => [each.dataset.job, each]));
  if (!waiting && !places.size) return;
  let wasRunning = false;

  // The words are announced when they change; the count that goes on beside them is not.
  function tell(place, words, count) {
    if (place.firstChild?.textContent !== words || place.childNodes.length !== 2) {
      const beside = document.createElement("span");
      beside.setAttribute("aria-hidden", "true");
      place.replaceChildren(words, beside);
    }
    place.lastChild.textContent = count;
  }

  async function look() {
    let told;
    try {
      const answer = await fetch("/jobs", { method: "POST" });
      if (!answer.ok) return;
      told = await answer.json();
    } catch {
      return;
    }
    let isRunning = false;
    for (const job of told.jobs) {
      const place = places.get(job.name);
      const bar = document.querySelector(`[data-progress="${CSS.escape(job.name)}"]`);
      if (!place) continue;
      if (job.outcome) {
        if (place.textContent !== job.told) place.textContent = job.told;
        place.classList.toggle("alarm", job.outcome === "failed");
        if (bar) bar.hidden = true;
      } else {
        isRunning = true;
        tell(place, job.label || "Under way", job.of ? `: ${job.done} of ${job.of}` : "…");
        if (bar) {
          bar.hidden = false;
          if (job.of) bar.setAttribute("value", String(job.done / job.of));
          else bar.removeAttribute("value");
        }
      }
    }
    for (const button of document.querySelectorAll(".jobs button")) button.disabled = isRunning;
    if ((waiting && told.fresh) || (wasRunning && !isRunning)) {
      const isTyping = document.activeElement && document.activeElement.matches("input, textarea, select");
      if (!isTyping) location.reload();
      return;
    }
    wasRunning = isRunning;
    if (isRunning || waiting) setTimeout(look, 500);
  }
  look();
})();
