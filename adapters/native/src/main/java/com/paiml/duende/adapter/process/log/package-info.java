/** Logs in files: one that is appended to, and its archives. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.adapter.process.log;
