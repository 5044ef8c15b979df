@org.jspecify.annotations.NullMarked
package com.paiml.duende.observe.record;
