@org.jspecify.annotations.NullMarked
package com.paiml.duende.adapter.container;
