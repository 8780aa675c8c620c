"""From what services answer to what pages show. Pure: values in, views out; how numbers are written is an argument."""
