/** What machines boot from: kernel, init, the small system, and images of files. */
@NullMarked
package com.paiml.duende.adapter.pepita.image;

import org.jspecify.annotations.NullMarked;
