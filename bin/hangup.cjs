#!/usr/bin/env node
require("../dist/hangup.cjs");
