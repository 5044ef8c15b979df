/**
 * The life of one daemon as pure logic: messages in, effects out, with time and chance as arguments. Nothing here reads a
 * clock, starts a thread or does I/O, so that a simulated clock can drive thousands of lives.
 */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.manager.life;
