// Loaded before an app: a signal moves its clock, beyond the life of an access token.
const now = Date.now.bind(Date);
let ahead = 0;
Date.now = () => now() + ahead;
process.on("SIGUSR2", () => {
  ahead += 1_000_000;
  console.log("the clock was moved");
});
