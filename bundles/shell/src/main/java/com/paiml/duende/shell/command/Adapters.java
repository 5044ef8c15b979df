package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.shell.text.Sheet;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table;
import com.paiml.duende.shell.text.Table.Cell;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.TableSchema;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende adapters}. */
@Component(service = Adapters.class)
@GogoCommand(scope = "duende", function = "adapters")
public final class Adapters {
  private final Supervision supervision;

  @Activate
  public Adapters(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor(
      "Lists the platforms that daemons can run on here. A platform that is not here says why not,"
          + " and what to do about it. With names: what each can do for which kind of daemon, what"
          + " it cannot do here and why, and the keys of its table in daemon files.")
  public Answer adapters(
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("these only, in full") String... platform)
      throws DaemonException {
    List<AdapterInfo> all = supervision.manager().adapters();
    List<String> wanted = List.of(platform);
    for (String name : wanted) {
      if (all.stream().noneMatch(a -> a.platform().equals(name))) {
        throw new DaemonException(
            ErrorCode.NOT_FOUND,
            name,
            "there is no adapter of this name",
            "'duende adapters' lists them");
      }
    }
    List<AdapterInfo> chosen =
        all.stream().filter(a -> wanted.isEmpty() || wanted.contains(a.platform())).toList();
    if (json) {
      return Json.of(chosen.stream().map(Adapters::json).toList());
    }
    if (wanted.isEmpty()) {
      return table(chosen);
    }
    Sheet sheet = new Sheet();
    chosen.forEach(a -> add(sheet, a));
    return sheet;
  }

  private static Table table(List<AdapterInfo> adapters) {
    Table table = new Table("PLATFORM", "HERE", "DAEMONS", "TAKES", "VERSION");
    for (AdapterInfo a : adapters) {
      Fingerprint f = a.fingerprint();
      table.row(
          Cell.of(a.platform(), Tone.STRONG),
          here(f),
          Cell.number(a.daemons()),
          Cell.of(words(f.capabilities().keySet())),
          f.present() ? Cell.of(f.version()) : Cell.of(f.problem()));
    }
    return table;
  }

  private static Cell here(Fingerprint f) {
    if (!f.present()) {
      return Cell.of("no", Tone.WARNING);
    }
    return f.simulated() ? Cell.of("simulated", Tone.WARNING) : Cell.of("yes", Tone.GOOD);
  }

  private static void add(Sheet sheet, AdapterInfo a) {
    Fingerprint f = a.fingerprint();
    Cell here = here(f);
    sheet
        .title(a.platform(), f.version())
        .line("here", here.text(), here.tone())
        .line("problem", f.problem())
        .line("bundle", a.bundle())
        .line("daemons", Integer.toString(a.daemons()));
    new TreeMap<>(f.details()).forEach(sheet::line);
    new TreeMap<>(f.capabilities())
        .forEach((kind, can) -> sheet.line("can, for " + Human.word(kind), words(can)));
    new TreeMap<>(f.missing())
        .forEach((what, why) -> sheet.line("cannot " + Human.word(what), why, Tone.WARNING));
    if (!a.schema().keys().isEmpty()) {
      Table keys = new Table("KEY", "TYPE", "DEFAULT", "MEANING");
      for (TableSchema.Key key : a.schema().keys()) {
        String allowed =
            key.allowed().isEmpty() ? "" : " (" + String.join(", ", sorted(key.allowed())) + ")";
        keys.row(
            Cell.of(key.name()),
            Cell.of(Human.word(key.type())),
            Cell.of(key.defaultValue()),
            Cell.of(key.description() + allowed));
      }
      sheet.block("table [" + a.platform() + "]", keys);
    }
  }

  private static String words(Collection<? extends Enum<?>> constants) {
    return constants.stream().map(Human::word).sorted().collect(Collectors.joining(", "));
  }

  private static List<String> sorted(Collection<String> words) {
    return words.stream().sorted().toList();
  }

  private static Json json(AdapterInfo a) {
    Fingerprint f = a.fingerprint();
    Map<String, Object> can = new TreeMap<>();
    for (Payload.Kind kind : f.capabilities().keySet()) {
      can.put(
          Human.word(kind), f.capabilities().get(kind).stream().map(Human::word).sorted().toList());
    }
    Map<String, Object> missing = new TreeMap<>();
    for (Map.Entry<Capability, String> entry : f.missing().entrySet()) {
      missing.put(Human.word(entry.getKey()), entry.getValue());
    }
    return Json.object()
        .put("platform", a.platform())
        .put("bundle", a.bundle())
        .put("present", f.present())
        .put("version", f.version())
        .put("simulated", f.simulated())
        .put("problem", f.problem())
        .put("daemons", a.daemons())
        .put("capabilities", can)
        .put("missing", missing)
        .put("details", new TreeMap<>(f.details()))
        .put(
            "keys",
            a.schema().keys().stream()
                .map(
                    k ->
                        Json.object()
                            .put("name", k.name())
                            .put("type", k.type())
                            .put("default", k.defaultValue())
                            .put("allowed", sorted(k.allowed()))
                            .put("description", k.description()))
                .toList());
  }
}
