package com.paiml.duende.manager.file;

/**
 * What is wrong with a value, before it is known where it stands.
 *
 * @param at offset in the text; negative: where the value begins
 * @param problem what is wrong
 * @param remedy what to write instead
 */
record Problem(int at, String problem, String remedy) {
  Problem(String problem, String remedy) {
    this(-1, problem, remedy);
  }
}
