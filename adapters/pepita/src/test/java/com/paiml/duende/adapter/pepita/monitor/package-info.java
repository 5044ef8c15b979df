@NullMarked
package com.paiml.duende.adapter.pepita.monitor;

import org.jspecify.annotations.NullMarked;
