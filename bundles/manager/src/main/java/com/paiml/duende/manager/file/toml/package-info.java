/**
 * A reader of TOML 1.0.0 that keeps the place of every key and value, finds all faults of a text in one pass, and is bounded
 * in time, memory and depth by the length of the text. Nothing here knows what a daemon is.
 */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager.file.toml;
