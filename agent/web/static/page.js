// Begins everything: each module takes care of one thing and does nothing where that is not on the page.
import { theme } from "./theme.js";
import { follow } from "./follow.js";
import { commands } from "./commands.js";
import { copy } from "./copy.js";
import { keys } from "./keys.js";
import { picture } from "./picture.js";

theme();
commands();
copy();
keys();
picture();
follow();
if (document.getElementById("new")) import("./new.js").then((part) => part.begin());
if (document.getElementById("rows")) import("./plan.js").then((part) => part.begin());
if (document.getElementById("setup")) import("./setup.js");
