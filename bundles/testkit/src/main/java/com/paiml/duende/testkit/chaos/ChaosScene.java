package com.paiml.duende.testkit.chaos;

import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Chaos;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * What a fault works with.
 *
 * @param plan as asked for
 * @param parameters its parameters
 * @param targets the daemons to break
 * @param manager where they are supervised
 * @param adapters how their platforms are reached
 * @param random the plan's own randomness
 * @param timeline takes down what happens
 */
record ChaosScene(
    Chaos.Plan plan,
    Parameters parameters,
    List<String> targets,
    DaemonManager manager,
    Adapters adapters,
    SplittableRandom random,
    Consumer<String> timeline) {

  void note(String what) {
    timeline.accept(what);
  }

  /** The same with other targets and parameters. */
  ChaosScene with(List<String> others, Parameters other) {
    return new ChaosScene(plan, other, others, manager, adapters, random, timeline);
  }
}
