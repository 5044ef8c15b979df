package com.paiml.duende.bench;

import java.util.List;

/** Something that is timed or weighed. It asserts nothing: a bad figure is a figure. */
interface Scenario {
  /** The word on the command line. */
  String name();

  String description();

  /** Measures. What it starts it ends. */
  List<Figure> run(Setting setting) throws Exception;

  /** What can be measured of it alone, as {@code NAME.PART}. */
  default List<String> parts() {
    return List.of();
  }

  /** Whether it takes so long that it is run only when it is named. */
  default boolean isLong() {
    return false;
  }
}
