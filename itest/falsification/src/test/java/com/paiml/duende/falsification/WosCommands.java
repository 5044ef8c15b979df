package com.paiml.duende.falsification;

import java.util.List;
import java.util.regex.Pattern;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** The commands that the WebAssembly kernel has for people: what it says of its processes, not what the manager believes. */
final class WosCommands {

  /** A line of {@code wos:ps}. */
  record Entry(int pid, int parent, String state, String level, String command) {
    boolean isAlive() {
      return !state.equals("Z");
    }
  }

  private static final int COLUMNS = 8;

  private final BundleContext context;

  WosCommands(BundleContext context) {
    this.context = context;
  }

  /** All processes, init first. */
  List<Entry> all() throws Exception {
    Object ps = command("ps");
    String table = (String) ps.getClass().getMethod("ps").invoke(ps);
    return table.lines().skip(1).map(WosCommands::process).toList();
  }

  private static Entry process(String line) {
    String[] words = line.strip().split("\\s+", COLUMNS);
    return new Entry(
        Integer.parseInt(words[0]),
        Integer.parseInt(words[1]),
        words[2],
        words[3],
        words[COLUMNS - 1]);
  }

  /** Those of a daemon. */
  List<Entry> of(String daemon) throws Exception {
    // Its name there has the container's instance before it.
    Pattern command = Pattern.compile("(.*[ -])?" + Pattern.quote(daemon) + "( .*)?");
    return all().stream().filter(p -> command.matcher(p.command()).matches()).toList();
  }

  /** {@code wos:kill -s KILL PID}. */
  void kill(int pid) throws Exception {
    Object kill = command("kill");
    kill.getClass().getMethod("kill", String.class, int.class).invoke(kill, "KILL", pid);
  }

  private Object command(String function) throws Exception {
    ServiceReference<?>[] found =
        context.getAllServiceReferences(
            null, "(&(osgi.command.scope=wos)(osgi.command.function=" + function + "))");
    if (found == null) {
      throw new AssertionError("there is no command wos:" + function);
    }
    return context.getService(found[0]);
  }
}
