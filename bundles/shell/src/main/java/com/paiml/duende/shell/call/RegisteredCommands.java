package com.paiml.duende.shell.call;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.felix.service.command.CommandProcessor;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** The commands that bundles have registered as services. */
@Component(service = Commands.class)
public final class RegisteredCommands implements Commands {
  private final BundleContext context;

  @Activate
  public RegisteredCommands(BundleContext context) {
    this.context = context;
  }

  @Override
  public Optional<Held> find(String scope, String function) {
    ServiceReference<?> reference = references(scope).get(function);
    Object service = reference == null ? null : context.getService(reference);
    return reference == null || service == null
        ? Optional.empty()
        : Optional.of(new Held(service, () -> release(reference)));
  }

  @Override
  public Map<String, String> summaries(String scope) {
    Map<String, String> summaries = new TreeMap<>();
    for (String function : references(scope).keySet()) {
      find(scope, function)
          .ifPresent(
              held -> {
                try (held) {
                  summaries.put(function, HelpText.summary(held.service().getClass(), function));
                }
              });
    }
    return summaries;
  }

  @Override
  public List<String> names(String scope) {
    return List.copyOf(references(scope).keySet());
  }

  @Override
  public Optional<String> help(String scope, String program, String function) {
    return find(scope, function)
        .map(
            held -> {
              try (held) {
                return HelpText.of(held.service().getClass(), program, function);
              }
            });
  }

  private void release(ServiceReference<?> reference) {
    boolean _ = context.ungetService(reference);
  }

  private Map<String, ServiceReference<?>> references(String scope) {
    Map<String, ServiceReference<?>> found = new TreeMap<>();
    for (ServiceReference<?> reference : all()) {
      if (scope.equals(reference.getProperty(CommandProcessor.COMMAND_SCOPE))) {
        for (String function : functions(reference)) {
          found.merge(function, reference, (a, b) -> a.compareTo(b) >= 0 ? a : b);
        }
      }
    }
    return found;
  }

  private List<ServiceReference<?>> all() {
    try {
      // All of them: to ask for those whose classes fit has the framework look in vain for each
      // class that this bundle does not import, some thirty exceptions for each command.
      ServiceReference<?>[] references =
          context.getAllServiceReferences(
              null,
              "(&("
                  + CommandProcessor.COMMAND_SCOPE
                  + "=*)("
                  + CommandProcessor.COMMAND_FUNCTION
                  + "=*))");
      return references == null ? List.of() : List.of(references);
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException("a constant filter is not valid", e);
    }
  }

  private static List<String> functions(ServiceReference<?> reference) {
    Object property = reference.getProperty(CommandProcessor.COMMAND_FUNCTION);
    List<String> functions = new ArrayList<>();
    if (property instanceof Object[] array) {
      for (Object function : array) {
        functions.add(function.toString());
      }
    } else if (property != null) {
      functions.add(property.toString());
    }
    return functions;
  }
}
