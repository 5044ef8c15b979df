/** The daemon file: its keys as data, and the reader that tells every fault of a file at once, each at its place. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager.file;
