@NullMarked
package com.paiml.duende.adapter.pepita.channel;

import org.jspecify.annotations.NullMarked;
