package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.api.Sizes;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Mounts as {@code docker run --mount} writes them: {@code type=bind,src=/srv,dst=/srv,ro}. */
final class MountSyntax {
  private MountSyntax() {}

  static Optional<ContainerPlan.Mount> parse(String text, List<String> faults) {
    String type = "volume";
    String source = "";
    String target = "";
    boolean readOnly = false;
    long size = 0;
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      String key = (equals < 0 ? part : part.substring(0, equals)).strip();
      String value = equals < 0 ? "" : part.substring(equals + 1);
      switch (key) {
        case "type" -> type = value;
        case "src", "source" -> source = value;
        case "dst", "destination", "target" -> target = value;
        case "ro", "readonly" -> readOnly = !value.equals("false") && !value.equals("0");
        case "rw" -> readOnly = false;
        case "size", "tmpfs-size" -> {
          OptionalLong bytes = size(value);
          if (bytes.isEmpty()) {
            return fault(faults, text, "\"" + value + "\" is no size", "write size=64m");
          }
          size = bytes.getAsLong();
        }
        default -> {
          return fault(
              faults, text, "\"" + key + "\" is not known", "take type, src, dst, ro or size");
        }
      }
    }
    Optional<ContainerPlan.MountType> known = type(type);
    if (known.isEmpty()) {
      return fault(
          faults, text, "there is no type \"" + type + "\"", "write bind, volume or tmpfs");
    }
    if (!target.startsWith("/")) {
      return fault(faults, text, "dst is no absolute path", "write dst=/PATH");
    }
    if (known.get() == ContainerPlan.MountType.BIND && !source.startsWith("/")) {
      return fault(faults, text, "src is no absolute path", "write src=/PATH");
    }
    if (known.get() == ContainerPlan.MountType.TMPFS && !source.isEmpty()) {
      return fault(faults, text, "a tmpfs has no src", "leave it out");
    }
    return Optional.of(new ContainerPlan.Mount(known.get(), source, target, readOnly, size));
  }

  /** Docker writes its units in lower case. */
  private static OptionalLong size(String text) {
    return Sizes.parse(text.matches("\\d+[kmgt]") ? text.toUpperCase(Locale.ROOT) : text);
  }

  private static Optional<ContainerPlan.MountType> type(String word) {
    for (ContainerPlan.MountType type : ContainerPlan.MountType.values()) {
      if (type.name().toLowerCase(Locale.ROOT).equals(word)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  private static Optional<ContainerPlan.Mount> fault(
      List<String> faults, String text, String problem, String remedy) {
    faults.add("[container] mounts \"" + text + "\": " + problem + "; " + remedy);
    return Optional.empty();
  }
}
