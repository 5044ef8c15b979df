# fish completion of PROGRAM:  PROGRAM completion fish | source
function __complete_PROGRAM
    set -l words (commandline -opc) (commandline -ct)
    set -l files no
    for line in (PROGRAM __complete $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            set files yes
        else
            echo $line
        end
    end
    if test $files = yes
        __fish_complete_path (commandline -ct)
    end
end
complete -c PROGRAM -f -a '(__complete_PROGRAM)'
