package com.paiml.duende.adapter.launchd;

import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;

/**
 * What every process of a run has in its environment: {@code DUENDE_RUN=INSTANCE/NAME/GENERATION}.
 *
 * @param value the value of the variable
 */
record RunMark(String value) {
  static final String VARIABLE = "DUENDE_RUN";

  static RunMark of(LaunchSpec spec) {
    return new RunMark(spec.instance().id() + "/" + spec.name() + "/" + spec.generation());
  }

  static RunMark of(Instance instance, DaemonHandle handle) {
    return new RunMark(instance.id() + "/" + handle.name() + "/" + handle.generation());
  }

  static boolean belongsTo(Instance instance, String value) {
    return value.startsWith(instance.id() + "/");
  }
}
