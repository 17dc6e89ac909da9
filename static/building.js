/* The month slider moves the month list; the form is then asked as the list would. */
(() => {
  "use strict";

  document.addEventListener("input", (event) => {
    const slider = event.target.closest("input[data-slides]");
    if (!slider) return;
    const list = slider.form.elements[slider.dataset.slides];
    list.selectedIndex = Number(slider.value);
    slider.setAttribute("aria-valuetext", list.selectedOptions[0].textContent);
  });
})();
