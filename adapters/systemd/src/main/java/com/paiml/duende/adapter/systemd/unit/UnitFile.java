package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The text of a unit file, systemd.syntax(7). Whatever is in a setting, it stays that setting's value. */
public final class UnitFile {
  /** The first line: by it the file is known as ours. */
  private static final String MARK = "# Written by Duende, instance ";

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9:/_.@()+~-]+");

  private static final Set<String> OF_UNIT =
      Set.of(
          "Description",
          "StartLimitIntervalUSec",
          "StartLimitBurst",
          "CollectMode",
          // What a person may have added, systemd.unit(5).
          "Documentation",
          "Wants",
          "Requires",
          "Requisite",
          "BindsTo",
          "PartOf",
          "Upholds",
          "Conflicts",
          "Before",
          "After",
          "OnFailure",
          "OnSuccess",
          "PropagatesReloadTo",
          "ReloadPropagatedFrom",
          "PropagatesStopTo",
          "StopPropagatedFrom",
          "JoinsNamespaceOf",
          "RequiresMountsFor",
          "StopWhenUnneeded",
          "RefuseManualStart",
          "RefuseManualStop",
          "DefaultDependencies",
          "FailureAction",
          "SuccessAction",
          "StartLimitAction");

  /** Names that are others in a file than on the bus. */
  private static final Map<String, String> FILE_NAMES =
      Map.of(
          "StartLimitIntervalUSec", "StartLimitIntervalSec",
          "TimeoutStopUSec", "TimeoutStopSec",
          "TimeoutStartUSec", "TimeoutStartSec",
          "WatchdogUSec", "WatchdogSec",
          "RestartUSec", "RestartSec",
          "RestartMaxDelayUSec", "RestartMaxDelaySec",
          "LogRateLimitIntervalUSec", "LogRateLimitIntervalSec",
          "CPUQuotaPerSecUSec", "CPUQuota",
          "StandardOutputFile", "StandardOutput",
          "StandardErrorFile", "StandardError");

  private UnitFile() {}

  /** The file of a daemon's unit; with {@code install} it is also started with the machine, or the user's session. */
  public static String of(String instance, List<Setting> settings, boolean install, boolean ofUser)
      throws DaemonException {
    for (Setting setting : settings) {
      refuseLines(setting);
    }
    StringBuilder text = new StringBuilder(MARK).append(instance).append('\n');
    text.append(
        "# It goes when the daemon does: change the daemon file, not this one.\n\n[Unit]\n");
    settings.stream().filter(s -> OF_UNIT.contains(s.name())).forEach(s -> line(text, s));
    text.append("\n[Service]\n");
    settings.stream().filter(s -> !OF_UNIT.contains(s.name())).forEach(s -> line(text, s));
    if (install) {
      text.append("\n[Install]\nWantedBy=").append(target(ofUser)).append('\n');
    }
    return text.toString();
  }

  /** A line break that is not in quotes would begin a setting that nobody wrote. */
  private static void refuseLines(Setting setting) throws DaemonException {
    for (String line : assignments(setting)) {
      if (line.chars().anyMatch(Character::isISOControl)) {
        throw new DaemonException(
            ErrorCode.CONFIGURATION,
            setting.name().replaceAll("\\p{Cntrl}", "?"),
            "holds a line break or another control character, which no unit file can hold there",
            "remove it");
      }
    }
  }

  /** What wants an installed unit. */
  public static String target(boolean ofUser) {
    return ofUser ? "default.target" : "multi-user.target";
  }

  /** Whether a file of that text is that instance's. */
  public static boolean isOurs(String text, String instance) {
    return text.startsWith(MARK + instance + "\n");
  }

  /** Words of a command line of systemctl: {@code NAME=VALUE}. */
  public static List<String> assignments(Setting setting) {
    String name = FILE_NAMES.getOrDefault(setting.name(), setting.name());
    return values(setting).stream().map(v -> name + "=" + v).toList();
  }

  private static void line(StringBuilder text, Setting setting) {
    String name = FILE_NAMES.getOrDefault(setting.name(), setting.name());
    for (String value : values(setting)) {
      text.append(name).append('=').append(value).append('\n');
    }
  }

  private static List<String> values(Setting setting) {
    return switch (setting.value()) {
      case Setting.Text(String words) when setting.name().endsWith("File") ->
          List.of("file:" + plain(words));
      case Setting.Text(String words) -> List.of(plain(words));
      case Setting.Flag(boolean on) -> List.of(on ? "yes" : "no");
      case Setting.Amount(long amount) -> List.of(amount(amount));
      case Setting.Micros(long micros) when setting.name().equals("CPUQuotaPerSecUSec") ->
          List.of(String.format(java.util.Locale.ROOT, "%.2f%%", micros / 10_000.0));
      case Setting.Micros(long micros) -> List.of(micros < 0 ? "infinity" : micros + "us");
      case Setting.Mode(int mode) -> List.of(String.format("%04o", mode));
      case Setting.SignalNumber(int number) -> List.of(Integer.toString(number));
      case Setting.ErrorNumber(int number) -> List.of(Integer.toString(number));
      case Setting.Count(int count) -> List.of(Integer.toString(count));
      // Names of units and addresses of documents are not taken in quotes.
      case Setting.Words(List<String> words) when OF_UNIT.contains(setting.name()) ->
          words.stream().map(w -> PLAIN.matcher(w).matches() ? w : quoted(w)).toList();
      case Setting.Words(List<String> words) -> words.stream().map(UnitFile::quoted).toList();
      case Setting.Variables(List<String> variables) ->
          variables.stream().map(UnitFile::quoted).toList();
      case Setting.Command(String path, List<String> argv) -> List.of(command(path, argv));
      case Setting.Filter(boolean allow, List<String> names) ->
          List.of((allow ? "" : "~") + String.join(" ", names));
      case Setting.Capabilities(long bits, List<String> names) -> List.of(String.join(" ", names));
      // The hyphen: what is not there is left out.
      case Setting.Binds(List<String> paths) ->
          paths.stream().map(p -> quoted("-" + p.replace(":", "\\:"))).toList();
      case Setting.Emptied(String path, String options) -> List.of(quoted(path + ":" + options));
      case Setting.Rates(List<String> devices, long rate) ->
          devices.stream().map(d -> quoted(d) + " " + rate).toList();
      case Setting.Statuses(List<Integer> codes, List<Integer> signals) ->
          List.of(statuses(codes, signals));
    };
  }

  private static String amount(long amount) {
    return amount == Setting.INFINITY ? "infinity" : Long.toString(amount);
  }

  private static String statuses(List<Integer> codes, List<Integer> signals) {
    List<String> words = new ArrayList<>();
    codes.forEach(c -> words.add(Integer.toString(c)));
    signals.forEach(s -> words.add(SignalWords.of(s)));
    return String.join(" ", words);
  }

  /** With "@" the second word is the name that the program is called by. */
  private static String command(String path, List<String> argv) {
    return quoted("@" + path)
        + argv.stream().map(UnitFile::quoted).collect(Collectors.joining(" ", " ", ""));
  }

  /** Where a line is one value: specifiers and the sign that joins lines are taken out. */
  private static String plain(String text) {
    String value = text.replace("%", "%%");
    return value.endsWith("\\") ? value + " " : value;
  }

  /** One word, whatever is in it: quotes, and bytes that are not plain as escapes. */
  static String quoted(String word) {
    StringBuilder text = new StringBuilder("\"");
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '%' -> text.append("%%");
        default -> {
          if (c >= ' ' && c < 0x7f) {
            text.append(c);
          } else {
            text.append(String.format("\\x%02x", (int) c));
          }
        }
      }
    }
    return text.append('"').toString();
  }
}
