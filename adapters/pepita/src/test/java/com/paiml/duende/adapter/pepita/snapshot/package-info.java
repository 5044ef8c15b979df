@NullMarked
package com.paiml.duende.adapter.pepita.snapshot;

import org.jspecify.annotations.NullMarked;
