@NullMarked
package com.paiml.duende.adapter.pepita.image;

import org.jspecify.annotations.NullMarked;
