/** The command that makes load. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.testkit.load.command;
