@org.jspecify.annotations.NullMarked
package com.paiml.duende.testkit.load;
