/* The drawn map can be moved and enlarged, above a server of tiles where there is one.
   Without this script it stands as it is drawn. */
(() => {
  "use strict";

  const box = document.getElementById("map");
  const drawing = box?.querySelector("svg");
  if (!drawing || !window.L) return;
  const bounds = L.latLngBounds(JSON.parse(box.dataset.bounds));
  const { width, height } = drawing.viewBox.baseVal;
  box.style.aspectRatio = `${width} / ${height}`;
  drawing.remove();
  const map = L.map(box, { zoomSnap: 0.25, attributionControl: Boolean(box.dataset.tiles), zoomControl: false });
  L.control.zoom({ zoomInTitle: "放大", zoomOutTitle: "缩小" }).addTo(map);
  if (box.dataset.tiles) {
    const by = document.createElement("span");
    by.textContent = box.dataset.by;
    map.attributionControl.setPrefix(false);
    L.tileLayer(box.dataset.tiles, { maxZoom: 19, attribution: by.innerHTML }).addTo(map);
  }
  L.svgOverlay(drawing, bounds, { interactive: true }).addTo(map);
  map.setMinZoom(map.getBoundsZoom(bounds) - 1);
  map.setMaxBounds(bounds.pad(0.5));
  // Words are to be as large as they are, however near one looks.
  const fit = () => {
    drawing.style.setProperty("--px", width / drawing.getBoundingClientRect().width);
    drawing.classList.toggle("near", map.getZoom() > map.getBoundsZoom(bounds) + 1);
  };
  map.on("zoomend resize", () => requestAnimationFrame(fit));
  map.fitBounds(bounds);
  fit();
})();
