package com.paiml.duende.adapter.launchd;

import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;

/**
 * What every process of a run has in its environment: {@code DUENDE_LAUNCHD_RUN=INSTANCE/NAME/GENERATION}. Not
 * the native adapter's variable: each of the two ends what has its mark and belongs to none of its own daemons.
 *
 * @param value the value of the variable
 */
record RunMark(String value) {
  static final String VARIABLE = "DUENDE_LAUNCHD_RUN";

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
