package com.paiml.duende.shell.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BindingTest {
  private static final Sample SAMPLE = new Sample();

  private static Object call(String function, String... words) throws Exception {
    Method method = HelpText.methods(Sample.class, function).getFirst();
    return method.invoke(SAMPLE, Binding.arguments(Shape.of(method), null, List.of(words)));
  }

  private static String fault(String function, String... words) {
    return assertThrows(UsageException.class, () -> call(function, words)).problem();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "web; false 10 PT5S web []",
        "web db; false 10 PT5S web [db]",
        "-f web; true 10 PT5S web []",
        "web -f; true 10 PT5S web []",
        "web -n 3; false 3 PT5S web []",
        "web -n3; false 3 PT5S web []",
        "web -n -3; false -3 PT5S web []",
        "web -fn3; true 3 PT5S web []",
        "web --last=4 --follow; true 4 PT5S web []",
        "web --last 4 --wait 250ms; false 4 PT0.25S web []",
        "-n 1 -n 2 web; false 2 PT5S web []",
        "-- -f --last; false 10 PT5S -f [--last]",
        "-; false 10 PT5S - []",
        "-7; false 10 PT5S -7 []",
        "$(halt) a|b&; false 10 PT5S $(halt) [a|b&]"
      })
  void givenWordsWhenTheyAreBoundThenEachParameterHasItsOwn(String words, String result)
      throws Exception {
    assertEquals(result, call("work", words.split(" ")));
  }

  @Test
  void givenARestOfOptionsWhenTheyAreBoundThenTheyArePassedOnAsTheyAre() throws Exception {
    assertEquals(
        "true web [--size=1GiB, --direct, -1]",
        call("passes", "web", "--size=1GiB", "-f", "--direct", "-1"));
    assertEquals("false web [-f]", call("passes", "web", "--", "-f"));
  }

  @Test
  void givenASignalInAnySpellingWhenItIsBoundThenItIsThatSignal() throws Exception {
    for (String spelling : List.of("HUP", "SIGHUP", "hup", "1")) {
      assertEquals("true web HUP", call("signal", "web", spelling));
    }
  }

  @Test
  void givenWordsThatDoNotFitWhenTheyAreBoundThenTheFaultNamesTheWord() {
    assertEquals("missing NAME", fault("work"));
    assertEquals("missing SIGNAL", fault("signal", "web"));
    assertEquals("unexpected argument c", fault("signal", "a", "HUP", "c"));
    assertEquals("unknown option --lst", fault("work", "--lst=3", "web"));
    assertEquals("unknown option -x", fault("work", "-fx", "web"));
    assertEquals("--last needs a value: --last N", fault("work", "web", "--last"));
    assertEquals("--follow takes no value", fault("work", "web", "--follow=yes"));
    assertEquals("--last: 'ten' is not a number", fault("work", "web", "-n", "ten"));
    assertEquals(
        "--wait: '5' is not a duration such as 30s or 1m 30s", fault("work", "web", "--wait", "5"));
    assertTrue(fault("signal", "web", "NOPE").startsWith("'NOPE' is not a signal: HUP"));
  }

  @Test
  void givenAnnotationsWhenHelpIsMadeThenItSaysHowTheCommandIsCalled() {
    assertEquals(
        """
        duende work - does something with names
        usage: duende work [OPTIONS] NAME...

        It takes its time, and says so in a sentence that is long enough to be wrapped somewhere
        before its end.

          NAME...          the first
          -f, --follow     go on
          -n, --last N     so many (default 10)
          --wait DURATION  how long (default 5s)
        """,
        HelpText.of(Sample.class, "duende", "work"));
    assertEquals("Sends a signal", HelpText.summary(Sample.class, "signal"));
  }
}
