package com.paiml.duende.shell.command;

import com.paiml.duende.shell.call.Commands;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table;
import com.paiml.duende.shell.text.Table.Cell;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code help}, in the shell; the command at the OS prompt has its own, which needs no container. */
@Component(service = Help.class)
@GogoCommand(scope = "duende", function = "help")
public final class Help {
  private static final String SCOPE = "duende";

  private final Commands commands;

  @Activate
  public Help(@Reference Commands commands) {
    this.commands = commands;
  }

  @Descriptor("Lists the commands, or says how some of them are used.")
  public Answer help(@Descriptor("commands") String... command) throws UsageException {
    if (command.length == 0) {
      Table table = new Table("COMMAND", "");
      commands
          .summaries(SCOPE)
          .forEach((name, summary) -> table.row(Cell.of(name, Tone.STRONG), Cell.of(summary)));
      return table;
    }
    StringBuilder out = new StringBuilder();
    for (String name : command) {
      out.append(out.isEmpty() ? "" : "\n")
          .append(
              commands
                  .help(SCOPE, SCOPE, name)
                  .orElseThrow(() -> new UsageException("no command " + name)));
    }
    String text = out.toString();
    return style -> text;
  }
}
