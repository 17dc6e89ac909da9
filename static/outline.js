/* Corners of an outline, set by a click and moved by dragging; the lines of numbers in the
   form are what is sent, and what keyboards and screen readers use. */
(() => {
  "use strict";

  const box = document.getElementById("drawing");
  const lines = document.getElementById("id_corners");
  if (!box || !lines || !window.L) return;
  box.hidden = false;
  document.getElementById("draw-acts").hidden = false;

  const map = L.map(box, { attributionControl: Boolean(box.dataset.tiles), zoomControl: false });
  L.control.zoom({ zoomInTitle: "放大", zoomOutTitle: "缩小" }).addTo(map);
  if (box.dataset.tiles) {
    const by = document.createElement("span");
    by.textContent = box.dataset.by;
    map.attributionControl.setPrefix(false);
    L.tileLayer(box.dataset.tiles, { maxZoom: 19, attribution: by.innerHTML }).addTo(map);
  }
  const there = JSON.parse(box.dataset.ground);
  const named = there.length <= 40; // more names would hide the ground
  const ground = L.featureGroup(
    there.map(({ name, grid, rings }) => {
      const words = document.createElement("span");
      words.textContent = name;
      return L.polygon(rings, {
        className: grid ? "mp-edge" : "draw-other",
        interactive: !grid,
      }).bindTooltip(words, named && !grid ? { permanent: true, direction: "center", className: "draw-name" } : {});
    }),
  ).addTo(map);
  const drawn = L.layerGroup().addTo(map);

  const read = () =>
    lines.value
      .normalize("NFKC")
      .split("\n")
      .map((line) => line.split(",").map(Number))
      .filter((pair) => pair.length === 2 && pair.every((each) => Number.isFinite(each)))
      .map(([longitude, latitude]) => L.latLng(latitude, longitude));

  const write = (corners) => {
    lines.value = corners.map(({ lat, lng }) => `${lng.toFixed(6)}, ${lat.toFixed(6)}`).join("\n");
    lines.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const draw = () => {
    const corners = read();
    drawn.clearLayers();
    if (corners.length > 1) L.polygon(corners, { className: "draw-new", interactive: false }).addTo(drawn);
    corners.forEach((corner, place) => {
      const icon = L.divIcon({ className: "draw-corner", iconSize: [16, 16] });
      const marker = L.marker(corner, { icon, draggable: true, keyboard: false, title: `第 ${place + 1} 个角，拖动可以改` });
      marker.on("dragend", () => write(corners.with(place, marker.getLatLng()))).addTo(drawn);
    });
  };

  lines.addEventListener("input", draw);
  map.on("click", ({ latlng }) => write([...read(), latlng]));
  document.getElementById("draw-back").addEventListener("click", () => write(read().slice(0, -1)));
  document.getElementById("draw-clear").addEventListener("click", () => write([]));

  const begun = read();
  if (begun.length) map.fitBounds(L.latLngBounds(begun).pad(1), { maxZoom: 18 });
  else if (ground.getLayers().length) map.fitBounds(ground.getBounds());
  else map.fitBounds(JSON.parse(box.dataset.bounds));
  draw();
})();
