// A photograph for tests, drawn by the browser: wider than high, and nowhere alike.

export async function photo(browser) {
  const page = await browser.newPage();
  const data = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1200, height: 800 });
    const context = canvas.getContext("2d");
    const disc = (colour, x, y, size, from = 0, to = 7) => {
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x, y, size, from, to);
      context.fill();
    };
    const sky = context.createLinearGradient(0, 0, 300, 800);
    sky.addColorStop(0, "#7db9e8");
    sky.addColorStop(0.6, "#fbe3b5");
    sky.addColorStop(1, "#557a46");
    context.fillStyle = sky;
    context.fillRect(0, 0, 1200, 800);
    disc("#f2c6a0", 600, 400, 190);
    disc("#3b2a20", 600, 340, 200, 3.3, 6.1);
    disc("#222222", 540, 410, 18);
    disc("#222222", 660, 410, 18);
    disc("#a04a3c", 600, 480, 40, 0, 3.14);
    return canvas.toDataURL("image/jpeg", 0.9).split(",")[1];
  });
  await page.close();
  return Buffer.from(data, "base64");
}
