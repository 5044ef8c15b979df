package com.paiml.duende.shell.call;

import com.paiml.duende.api.Durations;
import com.paiml.duende.api.Signal;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Style;
import java.time.Duration;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;

/** Teaches gogo the types of our commands: what they answer with, and durations and signals as arguments. */
@Component(
    service = Converter.class,
    property = {
      Converter.CONVERTER_CLASSES + "=java.time.Duration",
      Converter.CONVERTER_CLASSES + "=com.paiml.duende.api.Signal",
      Converter.CONVERTER_CLASSES + "=com.paiml.duende.shell.text.Answer"
    })
public final class AnswerConverter implements Converter {
  @Override
  public @Nullable Object convert(Class<?> wanted, Object in) {
    if (wanted == Duration.class) {
      return Durations.parse(in.toString()).orElse(null);
    }
    return wanted == Signal.class ? Signal.parse(in.toString()).orElse(null) : null;
  }

  @Override
  public @Nullable CharSequence format(Object target, int level, Converter escape) {
    if (!(target instanceof Answer answer)) {
      return null;
    }
    Style style = escape instanceof CommandSession session ? Caller.style(session) : Style.PLAIN;
    return answer.text(style);
  }
}
