package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.util.List;
import java.util.Optional;

/**
 * The monitors that are known, in the order in which they are tried.
 *
 * @param all of them
 */
record Monitors(List<Monitor> all) {
  Monitors {
    all = List.copyOf(all);
  }

  Optional<Monitor> find(String word) {
    return all.stream().filter(m -> m.word().equals(word)).findFirst();
  }

  /** The one of that word that speaks with its guests so; of several the first that is installed, or else the first. */
  Optional<Monitor> find(String word, String channel) {
    List<Monitor> fit =
        all.stream()
            .filter(m -> m.word().equals(word))
            .filter(m -> channel.equals("auto") || m.channel().equals(channel))
            .toList();
    return fit.stream()
        .filter(m -> m.program().isPresent())
        .findFirst()
        .or(() -> fit.stream().findFirst());
  }

  /** The one that a running machine has been started by, whether another could be started now or not. */
  Optional<Monitor> findRunning(String word, String carrier) {
    return all.stream()
        .filter(m -> m.word().equals(word) && m.carrier().equals(carrier))
        .findFirst();
  }

  /** Those that are installed. */
  List<Monitor> installed() {
    return all.stream().filter(m -> m.program().isPresent()).toList();
  }

  /**
   * The one that a daemon is run by.
   *
   * @param word as its file says; {@code auto} for the first that is installed and can run here
   * @param channel by which it speaks with its guest; {@code auto} for its first
   * @param kvm whether machines can be accelerated
   */
  Monitor choose(String daemon, String word, String channel, boolean kvm) throws DaemonException {
    if (word.equals("auto")) {
      return installed().stream()
          .filter(m -> kvm || m.emulates())
          .filter(m -> channel.equals("auto") || m.channel().equals(channel))
          .findFirst()
          .orElseThrow(
              () ->
                  new DaemonException(
                      ErrorCode.NOT_FOUND,
                      daemon,
                      channel.equals("auto")
                          ? "no program that runs virtual machines is here"
                          : "no program is here that runs virtual machines with a channel over "
                              + channel,
                      all.stream()
                          .filter(m -> channel.equals("auto") || m.channel().equals(channel))
                          .findFirst()
                          .orElse(all.getFirst())
                          .remedy()));
    }
    Monitor monitor =
        find(word, channel)
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.CONFIGURATION,
                        daemon + ": [pepita] monitor",
                        "\"" + word + "\" with a channel over " + channel + " is not known",
                        "say auto, or one of "
                            + String.join(", ", all.stream().map(Monitor::word).toList())));
    if (monitor.program().isEmpty()) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND, daemon, "the monitor " + word + " is not here", monitor.remedy());
    }
    if (!kvm && !monitor.emulates()) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          daemon,
          "the monitor " + word + " needs KVM, and no kernel boots on it here",
          "say monitor = \"qemu\", or see \"duende doctor\"");
    }
    return monitor;
  }
}
