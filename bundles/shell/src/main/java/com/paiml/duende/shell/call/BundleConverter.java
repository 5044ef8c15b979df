package com.paiml.duende.shell.call;

import java.util.Arrays;
import org.apache.felix.service.command.Converter;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Lets commands of the framework ({@code felix:update}, {@code felix:stop} and their like) name a bundle by its number or its
 * symbolic name; gogo's own converter for that is part of a shell that we do not have.
 */
@Component(
    service = Converter.class,
    property = Converter.CONVERTER_CLASSES + "=org.osgi.framework.Bundle")
public final class BundleConverter implements Converter {
  private final BundleContext context;

  @Activate
  public BundleConverter(BundleContext context) {
    this.context = context;
  }

  @Override
  public @Nullable Object convert(Class<?> wanted, Object in) {
    if (wanted != Bundle.class) {
      return null;
    }
    String name = in.toString();
    return name.matches("[0-9]{1,18}")
        ? context.getBundle(Long.parseLong(name))
        : Arrays.stream(context.getBundles())
            .filter(b -> name.equals(b.getSymbolicName()))
            .findFirst()
            .orElse(null);
  }

  @Override
  public @Nullable CharSequence format(Object target, int level, Converter escape) {
    return null;
  }
}
