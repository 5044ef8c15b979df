package com.paiml.duende.policy.quality;

import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Cyclomatic complexity of methods (McCabe 1976), from bytecode: one, plus one for each conditional jump, each further target
 * of a switch and each catch clause. {@code finally} and monitors catch everything without a type and do not count; the
 * compiler's own methods (bridges, enum tables) do not either. Nor does what javac makes of one decision in the source: the
 * search for a word by its hash in a switch over strings, the closing of resources, and, where a class tells its lines, the
 * further copies of a {@code finally}.
 */
final class Complexity {
  private Complexity() {}

  /**
   * @param method {@code com.example.Counter.run}
   * @param complexity at least 1
   */
  record Of(String method, int complexity) {}

  static List<Of> of(Map<String, ClassModel> classes) {
    List<Of> all = new ArrayList<>();
    for (ClassModel c : classes.values()) {
      String type = c.thisClass().asInternalName().replace('/', '.');
      for (MethodModel m : c.methods()) {
        boolean lambda = m.methodName().stringValue().startsWith("lambda$");
        boolean synthetic = (m.flags().flagsMask() & 0x1000) != 0;
        if (!synthetic || lambda) {
          m.code()
              .ifPresent(
                  code -> all.add(new Of(type + "." + m.methodName().stringValue(), of(code))));
        }
      }
    }
    return all;
  }

  private static int of(CodeModel code) {
    Steps steps = Steps.of(code);
    Map<String, Integer> most = new HashMap<>();
    Map<String, Integer> here = new HashMap<>();
    int decisions = 1;
    for (int i = 0; i < steps.size(); i++) {
      int at = i;
      decisions +=
          switch (steps.at(at)) {
            case BranchInstruction b when isCounted(b, steps, at) -> {
              // Copies are apart from each other; what is alike within a part was written twice.
              int count = here.merge(steps.part(at) + " " + steps.place(at), 1, Integer::sum);
              int before = most.getOrDefault(steps.place(at), 0);
              int _ = most.merge(steps.place(at), count, Integer::max);
              yield count > before ? 1 : 0;
            }
            case TableSwitchInstruction t when !steps.isSearch(at) ->
                targets(t.cases(), t.defaultTarget());
            case LookupSwitchInstruction l when !steps.isSearch(at) ->
                targets(l.cases(), l.defaultTarget());
            default -> 0;
          };
    }
    Set<Object> clauses = new HashSet<>();
    for (var handler : code.exceptionHandlers()) {
      // One that a finally interrupts is listed for each part.
      if (handler.catchType().isPresent()
          && !steps.isOfResource(handler)
          && clauses.add(handler.handler())) {
        decisions++;
      }
    }
    return decisions;
  }

  private static boolean isCounted(BranchInstruction branch, Steps steps, int at) {
    return branch.opcode() != Opcode.GOTO
        && branch.opcode() != Opcode.GOTO_W
        && !steps.isFound(at)
        && !steps.isClosing(at);
  }

  private static int targets(List<SwitchCase> cases, Object defaultTarget) {
    Set<Object> distinct = new HashSet<>();
    for (SwitchCase c : cases) {
      distinct.add(c.target());
    }
    distinct.remove(defaultTarget);
    return distinct.size();
  }
}
