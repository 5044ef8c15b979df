package com.paiml.duende.testkit.conformance;

import com.paiml.duende.api.What;
import com.paiml.duende.spi.Payload;
import java.util.List;

/**
 * What is to be run for a {@link Behaviour}.
 *
 * @param payload as the adapter takes it
 * @param args arguments
 */
public record Job(Payload payload, List<String> args) {
  public Job {
    args = List.copyOf(args);
  }

  /** What a daemon file would say. */
  What what() {
    return switch (payload) {
      case Payload.InProcess p -> new What.Service("conformance");
      case Payload.Program p -> new What.Program(p.path());
      case Payload.JavaClass p -> new What.JavaClass(p.className(), "");
      case Payload.Image p -> new What.Image(p.reference(), p.command());
      case Payload.Module p -> new What.Module(p.path().toString());
      case Payload.Vm p -> new What.Vm(p.rootfs(), p.program());
    };
  }
}
